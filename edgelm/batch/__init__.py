"""A bundle's answers to files of any size: read in windows, answered by many processes, resumable after a kill."""
