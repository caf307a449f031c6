"""HuMoR's test-time optimisation as published (Rempe et al., ICCV 2021): what others compare with.

Written plainly and apart from the fast path, in the published variables, order and schedule, faults included. Each
module says which of them it keeps; the fits of `motionfit.pipeline` are the ones without.
"""
