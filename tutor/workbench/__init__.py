"""What demos work with: what a demo is, the house style of plots, the one data set of pictures, and models and measures."""
