import type { Lang } from './lang.js'

const en = {
  title: 'Mini program on the phone',
  noTarget: 'No server to talk to',
  noTargetWhy: 'Name your server in the field above; the phone starts with it.',
  controls: 'Controls of the phone',
  kill: 'Kill',
  reopen: 'Reopen',
  airplane: 'Airplane',
  background: 'Background 5 s',
  inBackground: 'In the background',
  clear: 'Clear storage',
  cleared: 'Storage is empty: the phone has forgotten its session.',
  privacy: 'Privacy agreed',
  silent: 'Hangs',
  silentHint: 'The network takes everything and answers nothing',
  crashed: 'Error in the mini program:',
}

/** Texts around the phone. */
export type PhoneTexts = typeof en

const zh: PhoneTexts = {
  title: '手机上的小程序',
  noTarget: '没有可以访问的服务端',
  noTargetWhy: '在上方填写服务端地址，手机就会启动。',
  controls: '手机操作',
  kill: '杀掉进程',
  reopen: '重新打开',
  airplane: '飞行模式',
  background: '切后台 5 秒',
  inBackground: '在后台',
  clear: '清除缓存',
  cleared: '缓存已清空：手机已忘记会话。',
  privacy: '已同意隐私指引',
  silent: '无响应',
  silentHint: '网络收下一切，从不回答',
  crashed: '小程序出错：',
}

/** Texts by language. */
export const phoneTexts: Readonly<Record<Lang, PhoneTexts>> = { en, zh }
