"""One demo a file. Each is complete in itself: they never import each other, and `tutor.catalogue` finds them by their name `DEMO`."""
