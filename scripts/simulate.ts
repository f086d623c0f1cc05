import { parseSimulation, SIMULATE_USAGE } from '../test/bench/simulation/arguments';
import { simulationLines } from '../test/bench/simulation/report';
import { type SimulatedRun, type SimulatedSite, simulate } from '../test/bench/simulation/simulate';
import { Refusal } from './console/refusal';
import { runScript, say } from './console/terminal';

/** `npm run simulate`: what skewed traffic comes to on many masters and daemons, without any server. */
async function simulateSite(): Promise<number> {
  const { site, run } = readArguments();
  for (const line of simulationLines(site, run, simulate(site, run))) say(line);
  return 0;
}

function readArguments(): { site: SimulatedSite; run: SimulatedRun } {
  try {
    return parseSimulation(process.argv.slice(2));
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${SIMULATE_USAGE}`);
  }
}

void runScript(simulateSite);
