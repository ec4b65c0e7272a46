"""Systems of three bodies against rebound, as random, softened systems followed for ten times."""

import numpy as np

from harness import Work, row

TIMES = np.linspace(0, 10, 51)
SOFTENING = 0.1
STEP = 0.005


class Systems:
    """Random systems in three dimensions, for ours and for rebound."""

    def __init__(self, items):
        random = np.random.default_rng(0)
        self.position = random.normal(size=(3, 3, items))
        self.velocity = 0.3 * random.normal(size=(3, 3, items))
        self.mass = random.uniform(0.5, 1.5, (3, items))
        self.count = items

    def followed(self):
        """Return positions (system, time, body, axis) by our kernel."""
        from skybench.generators.series.nbody.orbit import State
        from skybench.generators.series.nbody.taylor import integrate

        state = State(self.position, self.velocity, self.mass)
        return integrate(state, TIMES, softening=SOFTENING).position

    def simulated(self, system, integrator):
        """Return positions (time, body, axis) of one system by rebound."""
        simulation = self._simulation(system, integrator)
        path = np.empty((TIMES.size, 3, 3))
        for time, places in zip(TIMES, path, strict=True):
            simulation.integrate(time, exact_finish_time=integrator == "ias15")
            simulation.serialize_particle_data(xyz=places)
        return path

    def _simulation(self, system, integrator):
        import rebound

        simulation = rebound.Simulation()
        simulation.integrator, simulation.dt = integrator, STEP
        simulation.softening = SOFTENING
        for body in range(3):
            where = dict(zip(("x", "y", "z"), self.position[body, :, system], strict=True))
            speed = dict(zip(("vx", "vy", "vz"), self.velocity[body, :, system], strict=True))
            simulation.add(m=self.mass[body, system], **where, **speed)
        return simulation

    def work(self, integrator, some):
        """Return the work of following all of ours, and some by rebound."""

        def ours():
            self.followed()
            return self.count

        def peer():
            chosen = range(min(some, self.count))
            for system in chosen:
                self.simulated(system, integrator)
            return len(chosen)

        def error():
            mine = self.followed()
            chosen = range(min(self.count, 50))
            exact = np.stack([self.simulated(system, "ias15") for system in chosen])
            # Chaos leaves a few without digits to compare: the median tells of the integrators.
            worst = np.abs(mine[: len(chosen)] - exact).max(axis=(1, 2, 3))
            return np.median(worst) / np.abs(self.position).max()

        return Work(ours=ours, peer=peer, error=error)


@row(
    "N-body, 3 bodies, systems followed to 1e-12",
    peer="rebound IAS15",
    needed=2,
    items=1024,
    limit=1e-10,
    note="Rebound does one system after another, ours eight side by side. The error is from IAS15.",
)
def three_bodies(items):
    """Softened systems, their paths written at 51 instants."""
    return Systems(items).work("ias15", 100)


@row(
    "N-body, 3 bodies, systems followed to 1e-12, and by a leapfrog to 1e-3",
    peer="rebound leapfrog",
    needed=1,
    items=1024,
    limit=1e-10,
)
def three_bodies_by_leapfrog(items):
    """The same against the leapfrog, whose steps are 0.005 long."""
    return Systems(items).work("leapfrog", 100)
