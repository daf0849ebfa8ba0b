/** The layout of files that stand in for steps of perception: what `v2r perceive --explain-files` prints. */
export const FILES_EXPLAINED = `Results you already have can stand in for any step of perception. All of them are about the frames that v2r uses:

    v2r run VIDEO --until video          writes them to RUN/video/frames/000000.jpg, 000001.jpg, ...

Pixels are those of these frames; the centre of the first pixel is (0.5, 0.5). One entry per frame, in order of names. Shapes are checked.

--mask-files FOLDER     (SAM 2, Cutie, XMem, ...) one of
    FOLDER/*.png                  one per frame, grey or palette, up to 8 bits; the stored number is the object's id,
                                  0 background, 255 hand (or person). Optional FOLDER/objects.json names them:
                                  {"1": "mug", "2": "coaster", "3": "hand"}
    FOLDER/NAME/*.png             one folder per object, 0 outside, 255 inside; a folder named hand, person or arm is the hand
    FOLDER/perception.json        a perceive folder of v2r (RUN/perceive), as it is or with edited masks
    Masks of another resolution are scaled when their shape (width / height) is the same. Which object moves is read off the masks.
    Without a hand the hand is found as usual.

--track-files FILE      (CoTracker, TAPIR, ...) .npz with
    tracks      [T, N, 2] f32     x, y in pixels ([1, T, N, 2] and [N, T, 2] are accepted; also named pred_tracks, points, xy)
    visibility  [T, N]            bool or 0..1, optional (also pred_visibility, visibles, vis)
    object_ids  [N]               id in the masks, optional: else the object on which the point mostly lies
    video_size  [2]               width, height of the frames they were measured in, if those were others
    or a .npy with the tracks alone (NaN where not seen), or a perceive folder of v2r

--depth-files PLACE    (VGGT, MoGe, Depth Anything, a depth camera) one of
    FILE.npy, FILE.npz            [T, H, W] f32 (in the .npz: an array named depth)
    FOLDER/*.npy, *.npz           [H, W] f32, one file per frame
    FOLDER/*.png                  16-bit grey, one per frame, --depth-unit metres per step (default 0.001)
    --depth-kind says what the values are: metric (metres along the optical axis, 0 = none), relative (larger = farther) or
    inverse (larger = nearer). Metric depth also gives table and scale; the others are fitted to the table, and left out when
    they grow the wrong way there.

--camera-file FILE      .json, one of
    {"widthPx": 640, "heightPx": 480, "fx": 500, "fy": 500, "cx": 320, "cy": 240}
    {"width": 640, "height": 480, "K": [[500, 0, 320], [0, 500, 240], [0, 0, 1]]}
    each with an optional "cameraFromWorld" (16 numbers, row-major 4x4, metres): the table is the world's z = 0, z up;
    or a perception.json of v2r

Objects as Gaussians (.ply) belong to the next stage: see v2r run --help.
`;
