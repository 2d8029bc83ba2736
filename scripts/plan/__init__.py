"""What a change of definitions does, before it ships: what breaks, for whom, who must agree."""
