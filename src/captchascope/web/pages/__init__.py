"""The pages of the app, but those of labelling."""
