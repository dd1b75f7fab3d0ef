// Notes that sound: a soft voice for each key, by WebAudio.

export class Sound {
  private context: AudioContext | null = null;
  private readonly voices = new Map<number, { tone: OscillatorNode; gain: GainNode }>();

  /** A key of MIDI begins to sound. */
  begin(key: number): void {
    this.end(key);
    this.context ??= new AudioContext();
    void this.context.resume();
    const now = this.context.currentTime;
    const tone = new OscillatorNode(this.context, {
      type: "triangle",
      frequency: 440 * 2 ** ((key - 69) / 12),
    });
    const gain = new GainNode(this.context, { gain: 0 });
    gain.gain.linearRampToValueAtTime(0.16, now + 0.012);
    gain.gain.setTargetAtTime(0.05, now + 0.012, 0.4);
    tone.connect(gain).connect(this.context.destination);
    tone.start();
    this.voices.set(key, { tone, gain });
  }

  end(key: number): void {
    const voice = this.voices.get(key);
    if (!voice || !this.context) return;
    this.voices.delete(key);
    const now = this.context.currentTime;
    voice.gain.gain.cancelScheduledValues(now);
    voice.gain.gain.setTargetAtTime(0, now, 0.06);
    voice.tone.stop(now + 0.5);
  }

  close(): void {
    void this.context?.close();
    this.context = null;
    this.voices.clear();
  }
}
