/** The texts of the user messages in a session file. */
export function userTexts(session: string): string[] {
  return session.split('\n').flatMap((line) => {
    if (!line.includes('"role":"user"')) return [];
    const { message } = JSON.parse(line) as { message?: { role: string; content: { text: string }[] } };
    return message?.role === 'user' ? [message.content.map((block) => block.text).join('')] : [];
  });
}
