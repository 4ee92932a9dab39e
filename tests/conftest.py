from hypothesis import HealthCheck, settings

# Nothing is timed in tests: how long an example takes tells of the machine and who shares it.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
