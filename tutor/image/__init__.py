"""Image models behind one method: `ImageModel.paint`."""
