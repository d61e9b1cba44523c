"""The decode pass, and what its observations say of a run of frames."""
