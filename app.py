"""Entry for Hugging Face Spaces and `python app.py`: settings -> page -> launch."""

from tutor.settings import settings
from tutor.ui.app import serve

if __name__ == "__main__":
    serve(settings())
