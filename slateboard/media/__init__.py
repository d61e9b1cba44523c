"""The one door to video files: probe, decode, colour, ffmpeg, fingerprints, contact sheets."""
