import type { JSX } from 'preact'
import { Icon } from '../ui/icon.js'

/** Something about the page as a whole that has to be known. */
export const Banner = ({ words, why }: { words: string; why: string }): JSX.Element => (
  <div class="banner" role="alert">
    <Icon name="warning" />
    <strong>{words}</strong>
    <span>{why}</span>
  </div>
)
