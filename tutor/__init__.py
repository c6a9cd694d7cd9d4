"""A tutor of generative AI that runs on the learner's own machine."""

__version__ = "0.1.0"
