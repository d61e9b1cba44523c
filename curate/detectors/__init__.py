"""Shot detectors: they name the frames at which shots may begin, one file each."""
