"""The obvious ways to answer, which a trained model is compared with: pure functions of arrays, in numpy alone.

`texts` and `steps` turn examples into rows of numbers; `naive_bayes`, `logistic` and `nearest` answer from such rows;
`ridge` and `series` forecast; `kneser_ney` says how probable a text is. What a family of tasks compares its models with
is in `baselines.py` of its folder in `tasks`.
"""
