import { useEffect, useState } from 'preact/hooks'

/** This computer's time, looked at again and again. @param every - ms */
export function useTick(every = 1000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now())
    }, every)
    return () => {
      clearInterval(timer)
    }
  }, [every])
  return now
}
