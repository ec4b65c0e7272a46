"""Systems of three bodies against rebound, steps counted over all systems."""

import numpy as np

from harness import Work, row

STEPS = 200
STEP = 0.005
SOFTENING = 0.1


@row(
    "N-body, 3 bodies, many systems at once, leapfrog steps",
    peer="rebound leapfrog",
    needed=2,
    items=4096,
    limit=1e-4,
    note="""
    Items are systems times steps; rebound does one system after another. The error is the
    distance from rebound's IAS15 after a tenth of the steps, over the largest distance.
    """,
)
def three_bodies(items):
    """Random systems in three dimensions, softened, the pull of all pairs summed."""
    from skybench.generators.series.nbody.leapfrog import integrate

    random = np.random.default_rng(0)
    position = random.normal(size=(3, 3, items))
    velocity = 0.3 * random.normal(size=(3, 3, items))
    mass = random.uniform(0.5, 1.5, (3, items))

    def ours():
        _integrate(STEPS)
        return items * STEPS

    def _integrate(steps):
        start = position, velocity, mass
        return integrate(*start, step=STEP, every=steps, outputs=2, softening=SOFTENING)

    def peer():
        some = 50 * STEPS
        _simulation("leapfrog", 0).steps(some)
        return some

    def _simulation(integrator, system):
        import rebound

        simulation = rebound.Simulation()
        simulation.integrator, simulation.dt = integrator, STEP
        simulation.softening = SOFTENING
        for body in range(3):
            where = dict(zip(("x", "y", "z"), position[body, :, system], strict=True))
            speed = dict(zip(("vx", "vy", "vz"), velocity[body, :, system], strict=True))
            simulation.add(m=mass[body, system], **where, **speed)
        return simulation

    def error():
        steps = STEPS // 10
        mine = _integrate(steps).position[1]
        worst = 0.0
        for system in range(min(items, 50)):
            exact = _simulation("ias15", system)
            exact.integrate(steps * STEP)
            theirs = np.array([particle.xyz for particle in exact.particles])
            worst = max(worst, np.abs(mine[..., system] - theirs).max())
        return worst / np.abs(position).max()

    return Work(ours=ours, peer=peer, error=error)
