/**
 * Prose to measure perplexity on: written for this purpose, in the manner of the sample model's century.
 */
export const DEMO_TEXT = `
The house stood at the end of the lane, where the elms grew close together and the light came down green upon the
gravel. It had been built by a man who loved windows, and let to a family who could not afford to keep them clean. In
the mornings the youngest daughter went from room to room and opened the shutters one after another, so that the
day seemed to walk through the house behind her. Her aunt, who rose late and believed that she did not, would say at
breakfast that she had heard somebody moving about before dawn, and that in her own time young ladies had been taught
to lie still.

"I was not still when I was a child, aunt," said the girl, "and I fear it is too late to begin."

"It is never too late to be quiet," said the old lady; but she smiled as she said it, and pushed the toast across the
table, which was her way of ending an argument that she had no wish to win.

Mr. Harrow came that afternoon, as he came every Thursday, with his hat in his hand and some small news from the
village which he had been careful not to tell to anybody on the road. The miller had bought a horse. The widow at the
bridge had received a letter from her son, who was a sailor, and had asked the schoolmaster to read it to her twice.
There had been talk of a new road, and of a man from London who had measured the common with a chain and had spoken to
nobody. Mr. Harrow thought that no good would come of it. He had thought so of the railway, and of the new bell in the
church, and he had been right about the bell.

They sat by the window until the sun was low. The girl had her sewing, and did not look at it; the old lady had her
book, and did not read it; and Mr. Harrow had nothing at all, and was the only one of the three who was quite content.
He was a man of fifty, who had once meant to marry, and had put it off from spring to autumn and from autumn to spring
until the lady grew tired of the seasons and married a clergyman. He bore her no ill will. He said that it had taught
him the value of time, and he spent a great deal of it in that house, where nobody asked him what he did with the rest.

When he rose to go the rain had begun. It fell softly at first upon the leaves, and then with a sound like a great many
people whispering behind a door. The old lady would not hear of his walking home in it. There was a fire in the little
room, she said, and there was cold beef, and if he was afraid of being dull he might read to them. So he stayed, and
read in a slow voice out of the newspaper, about the price of corn and the health of the Queen, while the lamp burned
and the wind went round the house and tried the doors.

It was past nine when somebody knocked. They looked at one another, for nobody knocked at that door after dark; and in
the silence the knock came again, not loud, but patient, like the knock of a man who has walked a long way and does not
mind waiting a little longer. Mr. Harrow took the lamp. The girl went with him as far as the stairs, and stood there
with her hand upon the rail and her heart beating; and she heard the bolt drawn back, and the rain grow louder, and then
a voice that she had not heard for seven years, asking whether the family was still awake.

She did not cry out. She had always supposed that she would, when the day came; she had thought of it so often that the
words were quite worn away. She only came down the stairs, one after another, as she had come down them every morning of
her life, and said that he was wet, and that he must come in to the fire. And her brother laughed, and then could not
laugh, and put down his bundle on the stones of the hall; and the old lady, who had heard everything, called out from
the little room to know who it was that let in the cold, and why nobody in that house could ever be taught to shut a
door.
`
  .trim()
  .replaceAll(/\n(?!\n)/g, ' ')
  .replaceAll(/ *\n */g, '\n')
