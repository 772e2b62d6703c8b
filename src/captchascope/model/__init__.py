"""Model files: ONNX with metadata, checked before they are opened."""
