"""Whether deployments hold what is asked of them: fit, headroom, licence, speed, price."""

from llmfit.checking.asked import Asked
from llmfit.checking.file import check_file
from llmfit.checking.load import check_load
from llmfit.checking.question import check_model

__all__ = ["Asked", "check_file", "check_load", "check_model"]
