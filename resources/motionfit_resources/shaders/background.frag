#version 330 core
in float height;
uniform vec4 top;
uniform vec4 bottom;
out vec4 fragment;

// The grain hides the steps of the gradient.
void main() {
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    fragment = vec4(mix(bottom.rgb, top.rgb, height) + (grain - 0.5) / 255.0, 1.0);
}
