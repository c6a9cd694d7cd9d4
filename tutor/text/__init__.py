"""Language models behind one method: `TextModel.stream`."""
