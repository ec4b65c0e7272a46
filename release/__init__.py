"""skybench.release"""
