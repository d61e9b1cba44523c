"""Commands that curate a dataset, in the order of the way: fetch, analyse, propose, review, trim, label, release."""
