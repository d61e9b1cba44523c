"""The questions of Datasheets for Datasets (Gebru et al., CACM 2021), shortened, by the key that answers them.

All seven sections are here. What `curate.release.datasheet_answers` cannot answer is a blank in DATASHEET.md until the
settings answer it: `[release.answers] purpose = "..."`.
"""

from collections.abc import Iterable

from slateboard.errors import BadInput, Problem, did_you_mean

QUESTIONS: dict[str, dict[str, str]] = {
    "Motivation": {
        "purpose": "For what purpose was the dataset made?",
        "makers": "Who made it, and on behalf of whom?",
        "funding": "Who paid for it?",
    },
    "Composition": {
        "instances": "What are the instances?",
        "count": "How many are there, of each type?",
        "sample": "Is it everything, or a sample of something larger?",
        "data": "What does each instance consist of?",
        "labels": "Is there a label with each instance?",
        "missing": "Is anything missing from instances?",
        "relations": "Are relations between instances made explicit?",
        "splits": "Are there recommended splits?",
        "errors": "Are there errors, noise or redundancies?",
        "outside": "Does it depend on outside resources, and will they stay?",
        "confidential": "Does it hold confidential data?",
        "offensive": "Does it hold anything that might offend, insult, threaten or cause anxiety?",
        "people": "Does it show or concern people?",
        "subpopulations": "Does it name groups of people, by age or gender for instance?",
        "identifiable": "Can a person be recognised, directly or with other data?",
        "sensitive": "Does it hold data that is sensitive in any way?",
    },
    "Collection": {
        "acquired": "How was the data of each instance acquired?",
        "mechanisms": "With which hardware, programs or people, and how were these checked?",
        "sampling": "If it is a sample, how was it drawn?",
        "collectors": "Who took part in collecting, and how were they paid?",
        "timeframe": "Over which time was it collected?",
        "ethics": "Was there an ethical review?",
        "directly": "Did it come from the people themselves or from third parties?",
        "notified": "Were the people told?",
        "consent": "Did they consent?",
        "revoke": "Can they withdraw their consent?",
        "impact": "Was the possible impact on them analysed?",
    },
    "Preprocessing, cleaning, labelling": {
        "preprocessing": "What was done to the raw data?",
        "effects": "How were captions, stickers and other effects labelled?",
        "raw": "Was the raw data kept?",
        "software": "Is the software available?",
    },
    "Uses": {
        "used": "Has it been used already?",
        "papers": "Is there a list of papers or systems that use it?",
        "other_uses": "What else could it be used for?",
        "risks": "Does anything in its making limit its uses, or make them unfair?",
        "not_for": "What should it not be used for?",
    },
    "Distribution": {
        "third_parties": "Will it be given to others?",
        "how": "How, and does it have a DOI?",
        "when": "When?",
        "licence": "Under which licence or terms?",
        "restrictions": "Do third parties restrict the data?",
        "export": "Do export controls apply?",
    },
    "Maintenance": {
        "maintainer": "Who looks after it?",
        "contact": "How can they be reached?",
        "erratum": "Is there an erratum?",
        "updates": "Will it be updated?",
        "retention": "Are there limits on how long data of people is kept?",
        "older": "Will older versions stay?",
        "contribute": "Can others add to it?",
    },
}
"""Section -> key -> question."""


def check_answers(keys: Iterable[str]) -> None:
    """Raise BadInput with every key of [release.answers] that is no question's."""
    known_keys = [key for questions in QUESTIONS.values() for key in questions]
    problems = [
        Problem(f"release.answers.{key}", "answers no question of the datasheet.", did_you_mean(key, known_keys))
        for key in keys
        if key not in known_keys
    ]
    if problems:
        raise BadInput(problems)
