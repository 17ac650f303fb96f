"""The options that `recommend` alone has: limits and tastes."""

from typing import Annotated

import typer

from llmfit.quantities import gigabytes, parameters, positive

Publisher = Annotated[
    list[str] | None, typer.Option("--publisher", metavar="NAME", help="Only of this publisher; repeatable.")
]
Family = Annotated[list[str] | None, typer.Option("--family", metavar="NAME", help="Only of this family; repeatable.")]
MaxParameters = Annotated[
    int | None, typer.Option("--max-parameters", metavar="N", parser=parameters, help="Largest model: 8B, 500M.")
]
MaxDownload = Annotated[
    int | None, typer.Option("--max-download", metavar="GB", parser=gigabytes, help="Largest file of weights.")
]
MinSpeed = Annotated[
    float | None,
    typer.Option(
        "--min-speed", metavar="N", parser=positive, help="Fewest tokens per second; models of unknown speed stay."
    ),
]
IncludeBase = Annotated[bool, typer.Option("--include-base", help="Also models without instruction tuning.")]
LowBit = Annotated[bool, typer.Option("--low-bit", help="Also formats below three bits, for models from 70B.")]
Siblings = Annotated[bool, typer.Option("--siblings", help="Every model of a lineage, not its best alone.")]
Weight = Annotated[
    list[str] | None,
    typer.Option("--weight", metavar="PART=N", help="Weight of a part of the score, 0 to 1; repeatable."),
]
WhyNot = Annotated[str | None, typer.Option("--why-not", metavar="MODEL", help="Say why this model is not a pick.")]
Also = Annotated[
    list[str] | None,
    typer.Option("--also", metavar="MODEL", help="Consider this model too: a path or a Hub id; repeatable."),
]
