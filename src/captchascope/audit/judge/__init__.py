"""What figures mean: the learning curve, the cost of attacks, the grade, findings, advice."""
