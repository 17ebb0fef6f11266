import { Button, Text, View, type ButtonProps } from '@tarojs/components'
import { useDidShow } from '@tarojs/taro'
import { useState } from 'react'
import { explain } from '../../explain'
import { login, request } from '../../login'

interface Note {
  id: number
  text: string
}

export default function Index() {
  const [notes, setNotes] = useState<Note[]>([])
  const [phone, setPhone] = useState('')
  const [problem, setProblem] = useState('')

  const run = (work: () => Promise<void>) => {
    // 先清空：较早的操作后来才成功，不会抹掉这一次的提示。
    setProblem('')
    return work().catch((error: unknown) => setProblem(explain(error)))
  }

  useDidShow(() =>
    run(async () => {
      // 没有会话时先登录；会话过期时静默续上，再试一次。
      const data = await request<{ notes: Note[] }>({ url: '/me/notes' })
      setNotes(data.notes)
    }),
  )

  const onGetPhoneNumber: ButtonProps['onGetPhoneNumber'] = ({ detail }) =>
    run(async () => {
      const { phoneNumber } = await login.phone(detail)
      setPhone(phoneNumber)
    })

  return (
    <View>
      {problem && <View>{problem}</View>}
      {notes.map(({ id, text }) => (
        <View key={id}>{text}</View>
      ))}
      <Text>{phone || '未绑定手机号'}</Text>
      <Button openType="getPhoneNumber" onGetPhoneNumber={onGetPhoneNumber}>
        绑定手机号
      </Button>
    </View>
  )
}
