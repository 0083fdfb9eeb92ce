from digits.core import fit as fit
