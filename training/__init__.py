"""The recipes that made models/: run from the clone, never needed to use the tutor."""
