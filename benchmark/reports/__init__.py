"""What a person looks at in the folder of a run: figures, worst mistakes, the page."""
