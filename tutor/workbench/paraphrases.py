"""Texts that say a source in other words, to be judged beside what a language model writes."""

SOURCES = (
    (
        "The lighthouse of Arden was built in 1874. It stands 31 meters high on a chalk cliff. Since 1962 its lamp has needed no keeper.",
        " the lighthouse of Arden was built in 1874. Its lamp has needed no keeper since 1962.",
        ("1874", "1923"),
    ),
    (
        "Mira opened a small bakery in Leeds in 2019. She sells rye bread, plum cake and rolls. The shop is closed on Mondays.",
        " Mira opened a bakery in Leeds in 2019. On Mondays it is closed.",
        ("2019", "2012"),
    ),
    (
        "Bees find flowers by color and scent. A bee that has found food dances in the hive. "
        "The dance shows the others the direction and the distance.",
        " a bee that has found food dances in the hive. This shows the others the direction and the distance.",
        ("food", "water"),
    ),
)
"""A source, how a person says it in other words, and what to swap in that to make it false."""
JOIN = " In other words,"
"""From a source to its other words."""
