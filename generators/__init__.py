"""skybench.generators"""
