"""The GPUs of this machine: what there are, who uses them, and who has them."""
