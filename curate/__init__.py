"""From a list of links to a release: fetch, analyse, propose, review, trim, label, release."""
