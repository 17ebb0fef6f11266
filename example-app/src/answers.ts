import { atMost } from './at-most.js'

// Below the second after which a load balancer typically gives up on a check.
const timeout = 800

/** True where `question` says yes in time; an error or silence is a no. */
export const answers = async (question: () => Promise<boolean>): Promise<boolean> =>
  (await atMost(
    timeout,
    question().catch(() => false),
  )) ?? false
