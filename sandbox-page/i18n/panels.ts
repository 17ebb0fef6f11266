import type { Lang } from './lang.js'
import { en } from './panels-en.js'
import { zh } from './panels-zh.js'

/** Texts of the panels in one language. */
export type PanelTexts = typeof en

/** Texts of the panels by language. */
export const panelTexts: Readonly<Record<Lang, PanelTexts>> = { en, zh }
