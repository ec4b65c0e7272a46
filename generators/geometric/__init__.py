"""Images of plane shapes: circles, ellipses, rectangles, polygons, arcs and lines."""
