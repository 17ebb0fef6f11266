// Below the second after which a load balancer typically gives up on a check.
const timeout = 800

/** True where `question` says yes in time; an error or silence is a no. */
export async function answers(question: () => Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, timeout, false)
  })
  try {
    return await Promise.race([question().catch(() => false), silence])
  } finally {
    clearTimeout(timer)
  }
}
