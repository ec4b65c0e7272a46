"""skybench.registry"""
