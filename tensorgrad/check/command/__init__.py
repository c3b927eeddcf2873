"""The commands tensorgrad check and tensorgrad lint."""
