import type { Lang } from './lang.js'

const en = {
  ribbon: 'SANDBOX',
  ribbonWhat: 'This is not WeChat.',
  ribbonWhy: 'Anybody can log in here as anybody.',
  columns: { phone: 'Phone', wire: 'Wire', panels: 'Panels' },
  places: 'Parts of the page',
  panels: { state: 'State', faults: 'Faults', clock: 'Clock', scenarios: 'Scenarios' },
  header: {
    brand: 'express-wx-login',
    settings: 'Server, user and settings',
    target: 'Server',
    targetLabel: 'Address of your server',
    targetPlaceholder: 'http://127.0.0.1:3000',
    targetSave: 'Use it',
    targetEdit: 'Change the server',
    targetCancel: 'Cancel',
    targetChecking: 'Looking for it…',
    targetUp: 'Answers',
    targetNone: 'no server yet',
    targetDown: 'It cannot be reached. Does your server run, and on this port?',
    targetSlow: 'It takes longer than a minute to answer.',
    targetForbidden:
      'The sandbox may not send requests there: start it with --target or --push-target and this address.',
    targetNoUrl: 'Type an address as http://127.0.0.1:3000, without a query.',
    user: 'WeChat user',
    newUser: 'Somebody else…',
    newUserLabel: 'Name of the new user',
    newUserAdd: 'Use',
    newUserBad: 'A name has 1 to 64 characters that can be seen.',
    appUnknown: 'This sandbox has no app with this AppID. It goes on with the first one.',
    app: 'AppID',
    theme: 'Colours',
    themes: { system: 'System', light: 'Light', dark: 'Dark' },
    lang: 'Language',
    help: 'What is this?',
    skip: 'Skip to the wire',
  },
  banner: {
    away: 'The sandbox does not answer.',
    awayWhy: 'This page looks for it and goes on by itself once it is back.',
    failed: 'The sandbox answered something this page does not understand:',
  },
  wait: 'Looking for the sandbox…',
}

/** Texts of the page around phone, wire and panels. */
export type ShellTexts = typeof en

const zh: ShellTexts = {
  ribbon: 'SANDBOX 沙箱',
  ribbonWhat: '这里不是微信。',
  ribbonWhy: '任何人都能以任何身份登录。',
  columns: { phone: '手机', wire: '时序', panels: '面板' },
  places: '页面的各部分',
  panels: { state: '状态', faults: '故障', clock: '时钟', scenarios: '场景' },
  header: {
    brand: 'express-wx-login',
    settings: '服务端、用户与设置',
    target: '服务端',
    targetLabel: '你的服务端地址',
    targetPlaceholder: 'http://127.0.0.1:3000',
    targetSave: '使用',
    targetEdit: '更换服务端',
    targetCancel: '取消',
    targetChecking: '正在连接…',
    targetUp: '有应答',
    targetNone: '还没有服务端',
    targetDown: '无法连接。你的服务端在运行吗？端口对吗？',
    targetSlow: '超过一分钟没有应答。',
    targetForbidden:
      '沙箱不允许向那里发送请求：请用 --target 或 --push-target 加上这个地址启动沙箱。',
    targetNoUrl: '请输入形如 http://127.0.0.1:3000 的地址，不带参数。',
    user: '微信用户',
    newUser: '换一个人…',
    newUserLabel: '新用户的名字',
    newUserAdd: '使用',
    newUserBad: '名字由 1 到 64 个可见字符组成。',
    appUnknown: '沙箱没有这个 AppID，现使用第一个应用。',
    app: 'AppID',
    theme: '配色',
    themes: { system: '跟随系统', light: '浅色', dark: '深色' },
    lang: '语言',
    help: '这是什么？',
    skip: '跳到时序图',
  },
  banner: {
    away: '沙箱没有应答。',
    awayWhy: '本页会一直尝试，恢复后自动继续。',
    failed: '沙箱的应答本页无法理解：',
  },
  wait: '正在连接沙箱…',
}

/** Texts by language. */
export const shellTexts: Readonly<Record<Lang, ShellTexts>> = { en, zh }
