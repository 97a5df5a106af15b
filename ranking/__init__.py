"""Which experiment next: a campaign of candidates, a surrogate of their scores, and policies that choose."""

from ranking.advice import Advice
from ranking.campaign import Campaign
from ranking.candidates import Candidate
from ranking.contributions import Contribution
from ranking.errors import RankingError
from ranking.explanation import Explanation, Influence
from ranking.policies import Policy, policy
from ranking.standing import Standing

__all__ = [
    "Advice",
    "Campaign",
    "Candidate",
    "Contribution",
    "Explanation",
    "Influence",
    "Policy",
    "RankingError",
    "Standing",
    "policy",
]
