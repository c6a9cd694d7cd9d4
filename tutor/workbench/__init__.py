"""What every demo works with: what a demo is, the house style of plots, and the one data set of pictures."""
