"""skybench.catalogs"""
