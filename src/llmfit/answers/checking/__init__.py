"""Whether deployments hold what is asked of them: fit, headroom, licence, speed, price."""

from llmfit.answers.checking.asked import Asked
from llmfit.answers.checking.file import check_file
from llmfit.answers.checking.load import check_load
from llmfit.answers.checking.question import check_model

__all__ = ["Asked", "check_file", "check_load", "check_model"]
