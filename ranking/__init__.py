"""Which experiment next: a campaign of candidates, a surrogate of their scores, and policies that choose."""

from ranking.campaign import Campaign
from ranking.candidates import Candidate
from ranking.contributions import Contribution
from ranking.errors import RankingError
from ranking.policies import Policy, policy
from ranking.standing import Standing

__all__ = ["Campaign", "Candidate", "Contribution", "Policy", "RankingError", "Standing", "policy"]
