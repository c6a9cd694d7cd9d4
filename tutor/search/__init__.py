"""Finding the passages that answer a question, and deciding whether the course answers it at all."""
